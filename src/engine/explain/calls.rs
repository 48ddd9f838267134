//! The operations that can be explained.

use crate::admin::Explanation;
use crate::engine::explain::{About, ByAdmin, Explain, Outcome};
use crate::engine::gather::Reads;
use crate::engine::proving::{Checked, Proving};
use crate::engine::{Developer, Public};
use crate::error::Result;
use crate::name::{DeveloperProviderName, DeveloperUserIdentifier, ProviderName};
use crate::operation::{
    DeleteIdentitiesInput, DeleteIdentityPoolInput, GetCredentialsForIdentityInput, GetIdInput,
    GetOpenIdTokenForDeveloperIdentityInput, GetOpenIdTokenInput, MergeDeveloperIdentitiesInput,
    UnlinkDeveloperIdentityInput, UnlinkIdentityInput,
};
use crate::rules::provider::Accepts;
use crate::state::Login;

impl Explain for GetIdInput {
    type Caller = Public;

    fn explain(self, _: &Public, by: ByAdmin<'_>) -> Result<Explanation> {
        let caller = &by.public();
        let input = self.checked()?;
        let core = &caller.core;
        let decide = |reads: &mut Reads<'_>| {
            let mut proving = Proving::for_explanation(core, Accepts::Public, &input.logins);
            let decided = caller.decide_id(reads, &input, &mut proving);
            let outcome = decided.map(|it| Outcome::answering(it.effects, it.output));
            Ok((outcome, proving.checked()))
        };
        core.explain(input.about(), decide, |_, _, _| Ok(Vec::new()))
    }
}

impl Explain for GetOpenIdTokenInput {
    type Caller = Public;

    fn explain(self, _: &Public, by: ByAdmin<'_>) -> Result<Explanation> {
        let caller = &by.public();
        let input = self.checked()?;
        let core = &caller.core;
        let decide = |reads: &mut Reads<'_>| {
            let mut proving = Proving::for_explanation(core, Accepts::Public, &input.logins);
            let decided = caller.decide_claims(reads, &input, &mut proving);
            let decided = decided.map(|it| it.map(|(claims, _)| claims.identity_id().clone()));
            let outcome = decided.map(|it| Outcome::answering(it.effects, it.output));
            Ok((outcome, proving.checked()))
        };
        core.explain(input.about(), decide, |reads, refusal, scene| {
            caller.alternatives_to_token(reads, refusal, scene, &input)
        })
    }
}

impl Explain for GetCredentialsForIdentityInput {
    type Caller = Public;

    fn explain(self, _: &Public, by: ByAdmin<'_>) -> Result<Explanation> {
        let caller = &by.public();
        let input = self.checked()?;
        let core = &caller.core;
        let accepts = Accepts::PublicOrCognito;
        let decide = |reads: &mut Reads<'_>| {
            let mut proving = Proving::for_explanation(core, accepts, &input.logins);
            let decided = caller.decide_session(reads, &input, &mut proving);
            let outcome = decided.map(|it| {
                let (session, role) = it.output;
                Outcome::answering(it.effects, session.identity_id).with_role(Some(role))
            });
            Ok((outcome, proving.checked()))
        };
        core.explain(input.about(), decide, |reads, refusal, scene| {
            caller.alternatives_to_credentials(reads, refusal, scene, &input)
        })
    }
}

impl Explain for UnlinkIdentityInput {
    type Caller = Public;

    fn explain(self, _: &Public, by: ByAdmin<'_>) -> Result<Explanation> {
        let caller = &by.public();
        let input = self.checked()?;
        let core = &caller.core;
        let about = About { given: Some(&input.identity_id), ..About::call("UnlinkIdentity") };
        let accepts = Accepts::PublicOrCognito;
        let decide = |reads: &mut Reads<'_>| {
            let mut proving = Proving::for_explanation(core, accepts, &input.logins);
            let decided = caller.decide_unlinking(reads, &input, &mut proving);
            Ok((decided.map(|it| Outcome::of(it.effects)), proving.checked()))
        };
        core.explain(about, decide, |_, refusal, scene| {
            Ok(Public::alternatives_to_unlinking_logins(refusal, scene))
        })
    }
}

impl Explain for GetOpenIdTokenForDeveloperIdentityInput {
    type Caller = Developer;

    fn explain(self, caller: &Developer, by: ByAdmin<'_>) -> Result<Explanation> {
        let caller = &by.developer(caller);
        let input = self.checked()?;
        let core = &caller.core;
        let about = input.about(caller);
        let decide = |reads: &mut Reads<'_>| {
            let mut proving = Proving::for_explanation(core, Accepts::Developer, &input.logins);
            let decided = caller.decide_resolution(reads, &input, &mut proving);
            let decided = decided.map(|it| it.map(|resolved| resolved.identity));
            let outcome = decided.map(|it| Outcome::answering(it.effects, it.output));
            Ok((outcome, proving.checked()))
        };
        core.explain(about, decide, |reads, refusal, scene| {
            caller.alternatives_to_resolution(reads, refusal, scene, &input)
        })
    }
}

impl Explain for MergeDeveloperIdentitiesInput {
    type Caller = Developer;

    fn explain(self, caller: &Developer, by: ByAdmin<'_>) -> Result<Explanation> {
        let caller = &by.developer(caller);
        let input = self.checked()?;
        let about = About {
            is_merge: true,
            ..About::pool("MergeDeveloperIdentities", caller, &input.identity_pool_id)
        };
        let users = [&input.source_user_identifier, &input.destination_user_identifier];
        let decide = |reads: &mut Reads<'_>| {
            let decided = caller.decide_merge(reads, &input);
            let outcome = decided.map(|it| Outcome::answering(it.effects, it.output));
            Ok((outcome, users.map(|user| stated(&input.developer_provider_name, user)).into()))
        };
        caller.core.explain(about, decide, |_, _, _| Ok(Vec::new()))
    }
}

impl Explain for UnlinkDeveloperIdentityInput {
    type Caller = Developer;

    fn explain(self, caller: &Developer, by: ByAdmin<'_>) -> Result<Explanation> {
        let caller = &by.developer(caller);
        let input = self.checked()?;
        let about = About {
            given: Some(&input.identity_id),
            ..About::pool("UnlinkDeveloperIdentity", caller, &input.identity_pool_id)
        };
        let decide = |reads: &mut Reads<'_>| {
            let decided = caller.decide_unlinking(reads, &input);
            let user = &input.developer_user_identifier;
            let login = stated(&input.developer_provider_name, user);
            Ok((decided.map(|it| Outcome::of(it.effects)), vec![login]))
        };
        caller.core.explain(about, decide, |reads, _, scene| {
            caller.alternatives_to_unlinking(reads, scene, &input)
        })
    }
}

impl Explain for DeleteIdentitiesInput {
    type Caller = Developer;

    fn explain(self, caller: &Developer, by: ByAdmin<'_>) -> Result<Explanation> {
        let caller = &by.developer(caller);
        let input = self.checked()?;
        let about = About::call("DeleteIdentities");
        let decide = |reads: &mut Reads<'_>| {
            let decided = caller.decide_deletion(reads, &input);
            Ok((decided.map(|it| Outcome::of(it.effects)), Vec::new()))
        };
        caller.core.explain(about, decide, |_, _, _| Ok(Vec::new()))
    }
}

impl Explain for DeleteIdentityPoolInput {
    type Caller = Developer;

    fn explain(self, caller: &Developer, by: ByAdmin<'_>) -> Result<Explanation> {
        let caller = &by.developer(caller);
        let input = self.checked()?;
        let about = About::pool("DeleteIdentityPool", caller, &input.identity_pool_id);
        let decide = |reads: &mut Reads<'_>| {
            let decided = caller.decide_pool_deletion(reads, &input);
            Ok((decided.map(|it| Outcome::of(it.effects)), Vec::new()))
        };
        caller.core.explain(about, decide, |_, _, _| Ok(Vec::new()))
    }
}

fn stated(
    provider: &DeveloperProviderName,
    user: &DeveloperUserIdentifier,
) -> (ProviderName, Checked) {
    (provider.into(), Checked::Stated(Login::developer(provider, user)))
}
