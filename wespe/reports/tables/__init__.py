"""Tables of evaluations, each beside one of the papers, as JSON, HTML, CSV, Markdown and LaTeX."""
