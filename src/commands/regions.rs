//! The names of Regions, so that a misspelt one is not measured.

use anyhow::anyhow;

use crate::nearest::nearest;
use crate::run::Failure;

/// Those in the partitions that the SDK for STS brings (1.124; it keeps them to itself).
const REGIONS: [&str; 46] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];

/// Whether this is a Region's name.
///
/// # Errors
///
/// If it is none that is known.
pub(super) fn known(name: &str) -> Result<(), Failure> {
    if REGIONS.contains(&name) {
        return Ok(());
    }
    let meant = nearest(name, REGIONS);
    let meant = meant.map_or(String::new(), |known| format!(" (did you mean `{known}`?)"));
    Err(Failure::new(
        anyhow!("no Region is called `{name}`{meant}"),
        "name Regions as in `--regional eu-west-1,us-west-2`; one that is newer than this program can be measured \
         alone, with --region",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_region_is_told_the_right_one() {
        for region in REGIONS {
            assert!(known(region).is_ok());
        }
        for (wrong, right) in [
            ("me-centrl-9", "me-central-1"),
            ("eu-wset-1", "eu-west-1"),
            ("useast1", "us-east-1"),
        ] {
            let refused = known(wrong).unwrap_err().to_string();
            assert!(
                refused.contains(&format!("did you mean `{right}`")),
                "{refused}"
            );
        }
        assert!(known("").is_err() && known("aws-global").is_err());
    }
}
