//! Examples at the end of each command's help.

pub(super) const CHECK: &str = "\
Examples:
  cognate check --data ./identities.db
  cognate check --at http://127.0.0.1:4566 --json";

pub(super) const EXPORT: &str = "\
Examples:
  cognate export --data ./identities.db --history backup.jsonl
  cognate export --at http://127.0.0.1:4566 --account 123456789012 | gzip > game.jsonl.gz";

pub(super) const IMPORT: &str = "\
Examples:
  cognate import --data ./new.db backup.jsonl
  cognate import --at http://127.0.0.1:4566 --region us-east-1 seed.jsonl
  zcat game.jsonl.gz | cognate import --data ./new.db -";

pub(super) const EXPLAIN: &str = "\
Examples:
  cognate explain GetId --at http://127.0.0.1:4566 --body @call.json
  cognate explain MergeDeveloperIdentities --data ./identities.db \\
    --as 123456789012/us-east-1 --body @merge.json

It ends with status 1 if the call would be refused.";

pub(super) const FIND: &str = "\
Examples:
  cognate find --at http://127.0.0.1:4566 --pool us-east-1:11111111-1111-4111-8111-111111111111 \\
    --provider login.game --subject alice
  cognate find --data ./identities.db --token @token.txt

It ends with status 1 if no identity has the login.";

pub(super) const HISTORY: &str = "\
Examples:
  cognate history us-east-1:a11ce000-0000-4000-8000-000000000000 --at http://127.0.0.1:4566
  cognate history us-east-1:a11ce000-0000-4000-8000-000000000000 --data ./identities.db --limit 5";

pub(super) const UNDO: &str = "\
Examples:
  cognate undo us-east-1:a11ce000-0000-4000-8000-000000000000/3 --data ./identities.db --preview
  cognate undo us-east-1:a11ce000-0000-4000-8000-000000000000/3 --at http://127.0.0.1:4566

It ends with status 1 if the undo is refused.";

pub(super) const GRAPH: &str = "\
Examples:
  cognate graph us-east-1:a11ce000-0000-4000-8000-000000000000 --data ./identities.db | dot -Tsvg
  cognate graph --pool us-east-1:11111111-1111-4111-8111-111111111111 --format mermaid \\
    --at http://127.0.0.1:4566

A dashed line leads to an identity that had the login once. Disabled identities are grey.";

pub(super) const TOKEN: &str = "\
Examples:
  cognate token @token.txt --data ./identities.db
  echo \"$TOKEN\" | cognate token - --at http://127.0.0.1:4566

It ends with status 1 if the token is not valid. Nothing in such a token need be true.";

pub(super) const STATS: &str = "\
Examples:
  cognate stats --data ./identities.db
  cognate stats --at http://127.0.0.1:4566 --json";

pub(super) const COMPLETIONS: &str = "\
Examples:
  cognate completions bash > ~/.local/share/bash-completion/completions/cognate
  cognate completions fish > ~/.config/fish/completions/cognate.fish";

pub(super) const SALVAGE: &str = "\
Examples:
  cognate salvage --data ./identities.db --into ./salvaged.db > report.txt
  cognate salvage --data ./identities.db --into ./salvaged.db --json

It ends with status 1 if records are missing. `cognate accept-salvage` lets the new database open.";
