//! The pod scope as a flag: for `webhooks`, which registers it, and `serve`, which is told of it.

use clap::ValueEnum;

use crate::registration::PodScope;

/// The words of [`PodScope`], as a flag takes them.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Pods {
    /// Those with the annotation or label lockkeeper.dev/tmpfs
    #[value(name = "annotated")]
    Annotated,
    /// Those, and those with a read-only root file system
    #[value(name = "readOnlyRoot")]
    ReadOnlyRoot,
    /// Every pod
    #[value(name = "all")]
    All,
}

impl Pods {
    pub(super) fn scope(self) -> PodScope {
        match self {
            Pods::Annotated => PodScope::Annotated,
            Pods::ReadOnlyRoot => PodScope::ReadOnlyRoot,
            Pods::All => PodScope::All,
        }
    }
}
