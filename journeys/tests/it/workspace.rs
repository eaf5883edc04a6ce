//! The workspace as cargo itself resolves it: what the project-wide checks judge.

use cargo_metadata::{Error, Metadata, MetadataCommand};

/// Resolves the workspace from its lock file, for one target triple or, with `None`, for every platform at once.
pub fn resolved(target: Option<&str>) -> Result<Metadata, Error> {
    let mut options = vec!["--locked".to_owned()];
    if let Some(triple) = target {
        options.extend(["--filter-platform".to_owned(), triple.to_owned()]);
    }
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .other_options(options)
        .exec()
}
