//! The clauses of the contract that decide an answer. Each begins with its section.

use std::fmt;

use crate::testkit::outcome::OperationOutcome;

/// The answer that the service would have given, and the clause of the contract that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expected {
    /// The answer, in words.
    pub answer: String,
    /// The clause: a section of the contract and its rule, or the name of an operation.
    pub clause: &'static str,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.answer, self.clause)
    }
}

/// A refusal: the name of its exception, or several names separated by ` or `, and its clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) exception: &'static str,
    pub(super) clause: &'static str,
}

/// The clauses that were applied, or the expected answer. Without any clause, the operation itself
/// decides.
pub(super) type Judged = Result<Vec<&'static str>, Expected>;

/// An answer that needs no clause of its own.
pub(super) const ANSWERED: Judged = Ok(Vec::new());

pub(super) const ALREADY_REGISTERED: &str = "DeveloperUserAlreadyRegisteredException";
pub(super) const CONFIGURATION: &str = "InvalidIdentityPoolConfigurationException";
pub(super) const CONFLICT: &str = "ResourceConflictException";
pub(super) const INVALID: &str = "InvalidParameterException";
/// It is unknown which of the two the service returns.
pub(super) const INVALID_OR_NOT_AUTHORIZED: &str =
    "InvalidParameterException or NotAuthorizedException";
pub(super) const NOT_AUTHORIZED: &str = "NotAuthorizedException";
pub(super) const NOT_FOUND: &str = "ResourceNotFoundException";
pub(super) const TOO_MANY_REQUESTS: &str = "TooManyRequestsException";
pub(super) const UNAVAILABLE: &str = "ExternalServiceException";
pub(super) const VALIDATION: &str = "ValidationException";

macro_rules! refusals {
    ($($name:ident = $exception:ident, $clause:literal;)*) => {
        $(pub(super) const $name: Refusal = Refusal { exception: $exception, clause: $clause };)*

        const REFUSALS: &[&str] = &[$($clause),*];
    };
}

macro_rules! answers {
    ($($name:ident = $clause:literal;)*) => {
        $(pub(super) const $name: &str = $clause;)*

        const ANSWERS: &[&str] = &[$($clause),*];
    };
}

/// All clauses except for the names of operations.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    REFUSALS.iter().chain(ANSWERS).copied()
}

answers! {
    NEW_GUEST = "3 a1 a new guest";
    NEW_USER = "3 a1 a new user";
    KNOWN_USER = "3 a2 a known user";
    SEVERAL_USERS = "3 a3 several known users";
    GUEST_STAYS = "3 b1 a guest stays one";
    GUEST_BECOMES_USER = "3 b1 a guest becomes a user";
    GUEST_IS_KNOWN = "3 b2 a guest turns out to be a known user";
    OPENED_BY_LOGIN = "3 c1 a login opens its identity";
    OPENED_BY_TOKEN = "3 c1 a token opens its identity";
    OTHERS_MERGED = "3 c2 other users are merged into the identity";
    OPENED_BY_ID = "3 c3 an id opens an identity, by option";
    FULL = "3 the identity has 20 logins";
    UNREACHABLE = "5.2 a provider that is not available";
    MERGE_OF_ITSELF = "5.6 both users have one identity";
    MERGE_OF_FEW = "5.6 a merge of identities, one with a single login";
    MERGE_OF_MANY = "5.6 a merge of identities with several logins each";
    GUEST_ROLE = "8.2 1 the role for guests";
    USER_ROLE = "8.2 2 the role for users, without a mapping";
    CUSTOM_OF_TOKEN = "8.2 2 a custom role of the token, without a mapping";
    MAPPED_CUSTOM = "8.2 3 a custom role of the token, by mapping";
    MAPPED_PREFERRED = "8.2 3 the preferred role of the token, by mapping";
    RULE_CUSTOM = "8.2 4 a custom role of a matching rule";
    RULE_FIRST = "8.2 4 the role of the first matching rule";
    AMBIGUOUS_ROLE = "8.2 5 no role by mapping, the role for users";
}

refusals! {
    CONSTRAINT = VALIDATION, "1.2 a constraint of the service model";

    RATE_EXCEEDED = TOO_MANY_REQUESTS, "2 5 a rate that is exceeded, by option";

    OWNED_BY_ANOTHER = ALREADY_REGISTERED, "3 a developer user of another identity";
    LOGINS_DO_NOT_MATCH = NOT_AUTHORIZED, "3 c3 no presented login of an authenticated identity";
    NO_LOGIN_PRESENTED = NOT_AUTHORIZED, "3 d1 no login for an authenticated identity";
    DISABLED = NOT_AUTHORIZED, "3 d2 a disabled identity";
    IDENTITY_UNKNOWN = NOT_FOUND, "3 e1 an unknown identity";
    RIVAL_LINKED = CONFLICT, "3 linking a second user of a public provider";
    RIVAL_MERGED = CONFLICT, "3 merging two users of a public provider";
    TOO_MANY_LOGINS = CONFLICT, "3 more than 20 logins";

    POOL_UNKNOWN = NOT_FOUND, "5 an unknown pool";
    DEVELOPER_LOGIN_MISSING = INVALID, "5.1 no login of the developer provider";
    DEVELOPER_UNSUPPORTED = INVALID, "5.1 another developer provider";
    ACCOUNT_WRONG = NOT_AUTHORIZED, "5.2 an account that does not own the pool";
    GUESTS_UNWANTED = NOT_AUTHORIZED, "5.2 a pool without guests";
    NO_PROVIDERS = NOT_AUTHORIZED, "5.2 a pool without providers";
    PROVIDER_UNSUPPORTED = NOT_AUTHORIZED, "5.2 a key that is no provider of the pool";
    PUBLIC_EXPECTED = INVALID, "5.2 the developer provider in a public call";
    TOKEN_BAD = NOT_AUTHORIZED, "5.2 a bad token";
    CLASSIC_DISABLED = INVALID, "5.3 a pool without the basic flow";
    CLASSIC_WITH_MAPPINGS = INVALID, "5.3 the basic flow with role mappings";
    CLASSIC_WITH_SAML = INVALID, "5.3 the basic flow with SAML";
    CLASSIC_WITH_UNKNOWN_SAML = INVALID_OR_NOT_AUTHORIZED, "5.3 SAML in a pool without it";
    OWN_TOKEN_FORGED = NOT_AUTHORIZED, "5.4 a token that the service did not issue";
    OWN_TOKEN_EXPIRED = NOT_AUTHORIZED, "5.4 an expired token of the service";
    OWN_TOKEN_ELSEWHERE = NOT_AUTHORIZED, "5.4 a token for another identity";
    LOOKUP_KEY_MISSING = INVALID, "5.5 a lookup without a key";
    LOOKUP_MISMATCH = CONFLICT, "5.5 a user of another identity";
    LOOKUP_UNKNOWN = NOT_FOUND, "5.5 an unknown user";
    LOOKUP_FORBIDDEN = NOT_AUTHORIZED, "5.5 an unknown user, by option";
    CURSOR_BAD = INVALID, "5.5 5.9 6.2 a token of another listing";
    MERGE_PROVIDER = INVALID, "5.6 another developer provider";
    MERGE_SOURCE_UNKNOWN = NOT_FOUND, "5.6 an unknown source";
    MERGE_DESTINATION_UNKNOWN = NOT_FOUND, "5.6 an unknown destination";
    UNLINK_PROVIDER = INVALID, "5.7 another developer provider";
    UNLINK_ELSEWHERE = CONFLICT, "5.7 a user of another identity";
    UNLINK_UNKNOWN = NOT_FOUND, "5.7 an unknown user";
    UNLINK_DEVELOPER = INVALID, "5.8 the developer provider in LoginsToRemove";
    UNLINK_DISABLED = NOT_AUTHORIZED, "5.8 a disabled identity";
    UNLINK_UNPROVED = NOT_AUTHORIZED, "5.8 no login of the identity";

    DEVELOPER_RESERVED = INVALID, "6.1 the name of a public provider for developers";
    TAGS_ILLEGAL = INVALID, "6.1 10 a tag that is not allowed";
    TOO_MANY_TAGS = INVALID, "6.1 10 more than 50 tags";
    DEVELOPER_FIXED = INVALID, "6.3 another developer provider name";

    MAPPING_PROVIDER = INVALID, "8.1 a role mapping for no provider of the pool";
    ROLE_FORBIDDEN = NOT_AUTHORIZED, "8.1 a role of another account";
    NO_GUEST_ROLE = CONFIGURATION, "8.2 1 no role for guests";
    NO_ROLE = CONFIGURATION, "8.2 2 no role for users";
    CUSTOM_WITHOUT_MAPPING = NOT_AUTHORIZED, "8.2 2 a custom role that the token lacks";
    CUSTOM_NOT_IN_TOKEN = NOT_AUTHORIZED, "8.2 3 a custom role that the token lacks, by mapping";
    CUSTOM_IN_NO_RULE = INVALID, "8.2 4 a custom role of the token that no rule has";
    CUSTOM_NOT_OFFERED = NOT_AUTHORIZED, "8.2 4 a custom role that no matching rule has";
    AMBIGUOUS_DENIED = NOT_AUTHORIZED, "8.2 5 no role by mapping, denied";
    AMBIGUOUS_WITHOUT_ROLE = CONFIGURATION, "8.2 5 no role by mapping, and none for users";
    GRANT_FORBIDDEN = NOT_AUTHORIZED, "8.2 a role of another account";

    ATTRIBUTES_UNKNOWN = NOT_FOUND, "9 no attribute map";
    ATTRIBUTES_PROVIDER = INVALID, "9 a map for no provider of the pool";
    TAGS_TOO_LONG = CONFIGURATION, "9 more than 460 bytes of tags";
}

/// Checks that the outcome is this refusal.
pub(super) fn refused(refusal: Refusal, outcome: &OperationOutcome) -> Judged {
    let mut names = refusal.exception.split(" or ");
    if names.any(|name| outcome.exception() == Some(name)) {
        return Ok(vec![refusal.clause]);
    }
    Err(Expected { answer: refusal.exception.to_owned(), clause: refusal.clause })
}

/// Checks that the outcome is exactly the known one.
pub(super) fn exactly(
    known: Result<OperationOutcome, Refusal>,
    outcome: &OperationOutcome,
) -> Judged {
    match known {
        Err(refusal) => refused(refusal, outcome),
        Ok(known) if known == *outcome => ANSWERED,
        Ok(known) => expected(known),
    }
}

pub(super) fn expected(answer: impl ToString) -> Judged {
    Err(Expected { answer: answer.to_string(), clause: "" })
}
