"""Fail unless the wheel in a folder holds every file of the packages. Usage: check_wheel.py DIR"""

import sys
import zipfile
from pathlib import Path

PACKAGES = ("tripost_tui", "engine", "local_experts", "db")

(wheel,) = Path(sys.argv[1]).glob("*.whl")
packed = set(zipfile.ZipFile(wheel).namelist())
missing = sorted(
    str(path)
    for package in PACKAGES
    for path in Path(package).rglob("*")
    if path.is_file() and path.suffix != ".pyc" and path.as_posix() not in packed
)
if missing:
    sys.exit(f"{wheel.name} lacks: {', '.join(missing)}")
print(f"{wheel.name}: {len(packed)} files")
