"""What runs in the user's own interpreter: `init()` once, `run()` for every request. Standard library only, Python 3.8 and newer.

`program.py` is started by path and loads this folder as the package `onnxport_worker`, so that nothing of onnxport's own environment can be
imported beside the user's packages. The front imports `frames.py` alone, for the form of what goes between the two.

    queue     a datagram socket that all workers of a revision read: each request is taken by exactly one worker that is free
    stream    a worker's own way back: answers, log lines, and whether it is ready
    board     shared memory: which request each worker is at, and since when
"""
