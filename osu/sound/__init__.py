"""What a map and a play sound like, as samples: the song at any speed, the sounds of the hits."""
