"""One thread a process: tests run side by side, and small arrays gain nothing from more."""

import os

os.environ["OMP_NUM_THREADS"] = "1"
