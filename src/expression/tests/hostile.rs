//! Texts that are written to harm: none may overflow a stack, hang or panic.
