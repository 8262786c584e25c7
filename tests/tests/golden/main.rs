//! Golden vectors from SciPy.
