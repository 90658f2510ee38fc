"""The luma of sRGB, what greys of photos are made of."""

LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601, of red, green and blue; TensorFlow's and OpenCV's grey conversions share it."""
