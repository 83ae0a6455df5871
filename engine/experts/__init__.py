"""Experts as FBK and IMP: what they are asked, how their replies are read, how good they are."""
