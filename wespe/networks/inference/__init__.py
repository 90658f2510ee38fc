"""Networks on whole photos and videos: tiles, engines, files in and out."""
