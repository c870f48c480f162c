//! What runs on the kernel.
