use http::{HeaderName, HeaderValue};
use smallvec::SmallVec;

/// One change to the header fields the upstream will see. Data, because each door applies it its own way: pingora to a
/// header, forward-auth to its own response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Removes every field of this name.
    Remove(HeaderName),
    /// Replaces every field of this name.
    Set(HeaderName, HeaderValue),
}

impl Edit {
    /// The name of the field.
    #[must_use]
    pub const fn name(&self) -> &HeaderName {
        match self {
            Self::Remove(name) | Self::Set(name, _) => name,
        }
    }
}

/// Changes, in the order in which they apply. The first two need no heap.
pub type Edits = SmallVec<[Edit; 2]>;
