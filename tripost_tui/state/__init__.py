"""What the screens show, as plain objects that know nothing of Textual."""
