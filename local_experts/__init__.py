"""Access to expert language models: text in, text out."""
