//! Ids that a caller chooses.

use std::collections::BTreeMap;

use crate::id::{Guid, IdentityPoolId, Region};
use crate::name::{TagKey, TagValue};
use crate::rules::Refusal;

/// The keys of the tags that choose the id of a pool. Other emulators use them.
pub(crate) const TAGS: [&str; 2] = ["_custom_id_", "ms-custom-id"];

/// The guid of a chosen id of a pool or an identity in this region.
pub(crate) fn guid(id: &str, region: &Region) -> Result<Guid, Refusal> {
    let invalid = || Refusal::IdInvalid { id: id.to_owned() };
    let parsed: IdentityPoolId = id.parse().map_err(|_| invalid())?;
    let guid = parsed.guid().filter(|guid| *guid != Guid::NIL).ok_or_else(invalid)?;
    if parsed.region().as_ref() == Ok(region) {
        Ok(guid)
    } else {
        Err(Refusal::IdOfAnotherRegion { id: id.to_owned(), region: region.clone() })
    }
}

/// The guid that the tags of a new pool choose: as a GUID, or as `REGION:GUID`.
pub(crate) fn guid_of_tags(
    tags: &BTreeMap<TagKey, TagValue>,
    region: &Region,
) -> Result<Option<Guid>, Refusal> {
    let mut chosen: Option<(&TagKey, Guid)> = None;
    for (key, value) in tags.iter().filter(|(key, _)| TAGS.contains(&key.as_str())) {
        let given = value.as_str();
        let next = if given.contains(':') {
            guid(given, region)?
        } else {
            guid(&format!("{region}:{given}"), region)?
        };
        match chosen {
            Some((first, known)) if known != next => {
                let (first, second) = (first.clone(), key.clone());
                return Err(Refusal::IdAmbiguous { first, second });
            }
            Some(_) | None => chosen = Some((key, next)),
        }
    }
    Ok(chosen.map(|(_, guid)| guid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: &str = "11111111-1111-1111-1111-111111111111";
    const OTHER: &str = "22222222-2222-2222-2222-222222222222";
    const NIL: &str = "00000000-0000-0000-0000-000000000000";

    fn region() -> Region {
        "us-east-1".parse().expect("a region")
    }

    fn chosen(tags: &[(&str, &str)]) -> Result<Option<Guid>, Refusal> {
        let tags = tags
            .iter()
            .map(|(key, value)| (key.parse().expect("a key"), value.parse().expect("a value")));
        guid_of_tags(&tags.collect(), &region())
    }

    #[test]
    fn only_an_id_that_could_be_minted_is_chosen() {
        let invalid = |id: &str| Refusal::IdInvalid { id: id.to_owned() };
        let id = |guid: &str| format!("us-east-1:{guid}");
        assert_eq!(guid(&id(GUID), &region()), Ok(Guid([0x11; 16])));
        for text in [
            "",
            "us-east-1:",
            GUID,
            &id(NIL),
            &id("0"),
            &id(&GUID.replace('-', "")),
            &id(&GUID.replace('1', "A")),
            &format!("{{{}}}", id(GUID)),
            &format!("{}/{GUID}", id(GUID)),
            &format!("a-region-of-many-letters:{GUID}"),
        ] {
            assert_eq!(guid(text, &region()), Err(invalid(text)), "{text}");
        }
        for text in
            [format!("us-east-2:{GUID}"), format!("US-EAST-1:{GUID}"), format!("us-east:{GUID}")]
        {
            let refused = Refusal::IdOfAnotherRegion { id: text.clone(), region: region() };
            assert_eq!(guid(&text, &region()), Err(refused));
        }
    }

    #[test]
    fn tags_choose_a_guid_or_an_id() {
        let full = format!("us-east-1:{GUID}");
        let found = Ok(Some(Guid([0x11; 16])));
        assert_eq!(chosen(&[("stage", GUID)]), Ok(None));
        for tags in [
            [("_custom_id_", GUID)].as_slice(),
            &[("ms-custom-id", GUID)],
            &[("_custom_id_", &full)],
            &[("_custom_id_", GUID), ("ms-custom-id", &full), ("stage", OTHER)],
        ] {
            assert_eq!(chosen(tags), found, "{tags:?}");
        }
    }

    #[test]
    fn tags_that_choose_no_single_id_are_refused() {
        let (first, second) = ("_custom_id_", "ms-custom-id");
        let ambiguous = Refusal::IdAmbiguous {
            first: first.parse().expect("a key"),
            second: second.parse().expect("a key"),
        };
        assert_eq!(chosen(&[(first, GUID), (second, OTHER)]), Err(ambiguous));
        for value in ["", "mine", NIL, "us-east-1:mine"] {
            for key in TAGS {
                let refused = chosen(&[(key, value)]);
                assert!(matches!(refused, Err(Refusal::IdInvalid { .. })), "{key}={value}");
            }
        }
        let refused = chosen(&[(first, &format!("eu-west-1:{GUID}"))]);
        assert!(matches!(refused, Err(Refusal::IdOfAnotherRegion { .. })));
    }
}
