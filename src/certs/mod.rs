//! The CA and the serving certificate: made at start for whoever brings none.

mod self_signed;

pub use self_signed::{CertsError, SelfSigned};
