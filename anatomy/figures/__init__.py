"""Pictures of the numbers that `anatomy` computes. One module a chapter; functions return a Figure."""
