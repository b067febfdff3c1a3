//! How much room a picture has.

/// Pictures come in two widths, since text in a picture that is merely shrunk cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render) enum Layout {
    Wide,
    /// A telephone held upright.
    Narrow,
}

impl Layout {
    /// As it stands in the ids of pictures.
    pub(super) fn name(self) -> &'static str {
        self.pick("wide", "narrow")
    }

    /// In pixels.
    pub(super) fn width(self) -> f64 {
        self.pick(860.0, 380.0)
    }

    pub(super) fn pick<T>(self, wide: T, narrow: T) -> T {
        match self {
            Self::Wide => wide,
            Self::Narrow => narrow,
        }
    }
}
