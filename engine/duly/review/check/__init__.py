"""What is questionable about a policy that loads: a catalogue of named checks, each with a page."""
