"""Numbers of one play that trees tell plays apart by."""
