"""The commands of `tripost`. At import they load click alone, so that help comes at once."""
