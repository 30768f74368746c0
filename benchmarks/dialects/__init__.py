"""How each dialect asks and answers: the bytes of requests, whole answers and streams, and their reading."""
