"""A blind test: which of two clips on the same map is the human, or which one is me?

    question -> the two questions, in words: which one is the human, which one is me?
    pairs    -> draw_pairs: a folder of replays and a player -> pairs of clips
    rival    -> who plays the other clip, where the question is about one person
    clip     -> one clip as plain numbers: the map's objects, a cursor, two keys
    page     -> blind_page: the pairs as one HTML file, which plays them and writes down answers
    answers  -> read_answers: a file of answers, checked
    summary  -> add_up, report: the share told right, with intervals; `evaluate.py blind`

docs/blind.md says how to make one, send it and add up.
"""
