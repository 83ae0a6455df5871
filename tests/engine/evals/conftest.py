import sys
from pathlib import Path

# What these tests share lies beside them, in evaluated_by.py.
sys.path.insert(0, str(Path(__file__).parent))
