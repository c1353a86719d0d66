"""A front: one serving process. It loads its revisions, shares the listening sockets, and gives its connections on when it is replaced."""
