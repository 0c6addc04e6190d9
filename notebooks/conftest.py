"""`pytest --nbval --nbval-current-env notebooks/`: what the kernels need.

The lessons are compared with their stored outputs, so they run on the built-in
pictures, without bars, and without the guesses of whoever tests.
"""

import os
import tempfile

os.environ["XRAYLAB_DATA"] = "built-in"
os.environ["XRAYLAB_PROGRESS"] = "0"
os.environ["XRAYLAB_GUESSES"] = os.path.join(tempfile.mkdtemp(), "guesses.jsonl")
os.environ.setdefault("OMP_NUM_THREADS", "2")
