//! The CA and the serving certificates: made, kept, read and followed. No network, no clock.

mod authority;
mod bundle;
mod constraints;
mod details;
mod error;
mod files;
mod folder;
mod kept;
mod names;
mod pair;
mod pem;
mod profile;
mod self_made;
#[cfg(test)]
mod testing;

pub use authority::Authority;
pub use bundle::Bundle;
pub use details::{Constraints, Details, PublicKeyOf, State, called};
pub use error::CertsError;
pub use files::{Changed, Contents, Files, FilesError};
pub use folder::{Chain, Folder};
pub use kept::{Kept, MOST_PREVIOUS, Step, UNTIL};
pub use pair::Pair;
pub use self_made::SelfMade;

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Display};
    use std::marker::PhantomData;

    use super::*;

    /// Whether a type can be printed: the inherent constant is there only where it can, and goes before the trait's.
    struct Of<T>(PhantomData<T>);

    trait Cannot {
        const DEBUG: bool = false;
        const DISPLAY: bool = false;
    }

    impl<T> Cannot for Of<T> {}

    impl<T: Debug> Of<T> {
        const DEBUG: bool = true;
    }

    impl<T: Display> Of<T> {
        const DISPLAY: bool = true;
    }

    #[test]
    fn nothing_that_holds_a_key_can_be_printed() {
        macro_rules! silent {
            ($($holder:ty),*) => {[$((Of::<$holder>::DEBUG, Of::<$holder>::DISPLAY)),*]};
        }
        let holders = silent![Authority, Pair, Kept, Chain, SelfMade, Contents];
        assert_eq!(holders, [(false, false); 6]);
        // The question itself can be answered with yes.
        assert_eq!(silent![Bundle, CertsError], [(true, false), (true, true)]);
    }
}
