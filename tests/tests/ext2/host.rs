//! File systems that mke2fs makes, in a running machine.
