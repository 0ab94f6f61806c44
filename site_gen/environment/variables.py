"""Which of the caller's environment variables reach our processes: decided here alone."""

import os
import sys
from collections.abc import Mapping

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(ROOT, ".venv")
# SITE_GEN_PACKAGES=installed runs with the packages of the Python that was called, without .venv.
PACKAGES = "SITE_GEN_PACKAGES"

# Families that change what Python, a library or an installer does. Of these only what is listed
# below passes; every other variable is the caller's own business and passes untouched.
DROPPED = (
    "BLIS_",
    "CONDA_PYTHON_",
    "DASK_",
    "DISTUTILS_",
    "GOMP_",
    "GOTO_",
    "IPYTHON",
    "JOBLIB_",
    "JUPYTER",
    "KMP_",
    "LOKY_",
    "MATPLOTLIB",
    "MKL_",
    "MPL",
    "NPY_",
    "NUMEXPR_",
    "NUMPY_",
    "OMP_",
    "OPENBLAS_",
    "PANDAS_",
    "PIP_",
    "PYTEST_",
    "PYTHON",
    "SCIPY_",
    "SETUPTOOLS_",
    "UV_",
    "VECLIB_",
    "XARRAY_",
    "_PYTHON_",
    "__PYVENV_LAUNCHER__",
    "SOURCE_DATE_EPOCH",
    "VIRTUAL_ENV",
)
PASSED = {
    "MPLCONFIGDIR",  # of use only without .venv
    "OPENBLAS_CORETYPE",  # which processor's kernels compute: tests compare them
    "OPENBLAS_L2_SIZE",
    "PYTEST_ADDOPTS",
    "PYTHON",  # the interpreter that .venv is made with
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPYCACHEPREFIX",
    "PYTHONUNBUFFERED",
}
# Where an installer finds packages, and how it reaches the network. Not where it puts them.
PASSED_TO_PIP = {
    "CACHE_DIR",
    "CERT",
    "CLIENT_CERT",
    "DEFAULT_TIMEOUT",
    "DISABLE_PIP_VERSION_CHECK",
    "EXTRA_INDEX_URL",
    "FIND_LINKS",
    "INDEX_URL",
    "KEYRING_PROVIDER",
    "NO_CACHE_DIR",
    "NO_INDEX",
    "NO_INPUT",
    "PROXY",
    "RETRIES",
    "TIMEOUT",
    "TRUSTED_HOST",
    "USE_FEATURE",
}
PASSED_TO_UV = {
    "CACHE_DIR",
    "CONFIG_FILE",
    "DEFAULT_INDEX",
    "EXTRA_INDEX_URL",
    "FIND_LINKS",
    "HTTP_CONNECT_TIMEOUT",
    "HTTP_RETRIES",
    "HTTP_TIMEOUT",
    "INDEX",
    "INDEX_STRATEGY",
    "INDEX_URL",
    "INSECURE_HOST",
    "KEYRING_PROVIDER",
    "LINK_MODE",
    "NATIVE_TLS",
    "NO_CACHE",
    "NO_CONFIG",
    "NO_INDEX",
    "OFFLINE",
    "REQUEST_TIMEOUT",
    "SYSTEM_CERTS",
}
# Settings of ours for which empty means unset.
EMPTY_IS_UNSET = {"MNIST_DIRECTORY", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHON", "SITE_URL"}
THREADS = (
    "BLIS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for our processes, made from the caller's.

    What would change a result, a figure or an installation is left out or set; the terminal, the
    network, folders and our own settings pass. Cleaning a clean environment changes nothing.
    """
    kept = {name: value for name, value in environ.items() if _passes(name.upper(), value)}
    if uses_venv(environ):  # its own list of fonts, and none of the reader's styles
        kept["MPLCONFIGDIR"] = os.path.join(VENV, "matplotlib")
    kept["MATPLOTLIBRC"] = os.path.join(ROOT, "site_gen", "environment", "matplotlibrc")
    # One thread for each process: then no bit depends on the number of cores.
    kept.update(dict.fromkeys(THREADS, "1"))
    # The tree whose command was called is the one that runs, in every child process too.
    if os.pathsep not in ROOT:
        kept["PYTHONPATH"] = ROOT
    if environ.get("PYTHONUTF8") not in ("0", "1"):
        kept["PYTHONUTF8"] = "1"
    kept["PYTHONIOENCODING"] = _printable(environ.get("PYTHONIOENCODING", ""))
    kept["UV_PYTHON_DOWNLOADS"] = "never"  # Python comes from this machine
    return kept


def uses_venv(environ: Mapping[str, str]) -> bool:
    """Whether `.venv` is used: unless SITE_GEN_PACKAGES=installed."""
    return environ.get(PACKAGES, "") != "installed"


def is_clean(environ: Mapping[str, str]) -> bool:
    """Whether this process was started as `clean` has it, options of the interpreter included."""
    flags = sys.flags
    plain = not (flags.optimize or flags.ignore_environment or flags.no_site or sys.warnoptions)
    return plain and clean(environ) == dict(environ)


def _passes(name: str, value: str) -> bool:
    if name in EMPTY_IS_UNSET and not value.strip():
        return False
    if name in PASSED or not name.startswith(DROPPED):
        return True
    if name.startswith(("PIP_", "UV_")) and not value.strip():
        return False  # as both tools have it
    if name.startswith("PIP_"):
        return name[4:] in PASSED_TO_PIP
    if name.startswith("UV_"):  # credentials of a named index: UV_INDEX_<NAME>_PASSWORD
        return name[3:] in PASSED_TO_UV or name.startswith("UV_INDEX_")
    if name == "PYTHONHASHSEED":  # no byte depends on it, and tests vary it
        return value == "random" or (value.isdecimal() and int(value[:11]) < 2**32)
    return name == "PYTHONUTF8" and value in ("0", "1")


def _printable(encoding: str) -> str:
    """Return a PYTHONIOENCODING that prints a substitute for what the terminal cannot show."""
    import codecs

    name, _, errors = encoding.partition(":")
    try:
        # Python does not start with a codec that is not for text.
        "".encode(name or "ascii")
        codecs.lookup_error(errors or "strict")
    except (LookupError, UnicodeError):
        name = errors = ""
    return f"{name}:{errors if errors not in ('', 'strict') else 'replace'}"
