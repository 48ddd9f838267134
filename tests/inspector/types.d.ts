// The answers of the control plane, as far as the inspector page reads them, and the page's own
// shapes.

interface Login {
  Kind: string;
  Provider: string;
  Subject: string;
}

interface Identity {
  IdentityId: string;
  IdentityPoolId: string;
  State: string;
  Logins: Login[];
  CreationDate: number;
  LastModifiedDate: number;
}

interface Change {
  Links?: { Login: Login }[];
  From?: string;
  To?: string;
}

interface ChangeEvent {
  EventId?: string;
  IdentityPoolId: string;
  IdentityId?: string;
  Date: number;
  By: string | { Account: string };
  Operation: string;
  RequestId?: string;
  Changes: (string | Record<string, Change>)[];
  Undid?: string;
  UndoneBy?: string;
  Text: string;
}

interface Pool {
  IdentityPoolId: string;
  IdentityPoolName: string;
  AccountId: string;
  Region: string;
}

interface PoolSettings {
  CreationDate: number;
  AllowUnauthenticatedIdentities: boolean;
  DeveloperProviderName?: string;
  CognitoIdentityProviders?: { ProviderName: string }[];
  SupportedLoginProviders?: Record<string, string>;
  OpenIdConnectProviderARNs?: string[];
  SamlProviderARNs?: string[];
  Roles: Record<string, string>;
}

interface PresentedLogin {
  Provider: string;
  Subject?: string;
  Issuer?: string;
  Audience?: string;
  Expiry?: number;
}

interface ServiceCall {
  Number: number;
  RequestId?: string;
  Date: number;
  Operation: string;
  Target: string;
  Caller: string;
  Region?: string;
  Status: number;
  DurationMicros: number;
  Exception?: string;
  Message?: string;
  Logins: PresentedLogin[];
  Body?: object;
  ExplanationText?: string;
}

/** A change that a preview tells. */
interface Effect {
  Before?: Identity;
  After?: Identity;
}

interface Preview {
  Explanation: {
    Verdict: {
      Answered?: { Changes: Record<string, Effect>[] };
      Refused?: { Refusal: { Exception: string; Message: string } };
    };
  };
}

type Part = Node | string | null | undefined | false;
type Child = Part | Child[];
type Props = Record<string, string | number | boolean | null | ((event: Event) => void)>;

interface Route {
  name: string;
  id: string;
  query: URLSearchParams;
  signal: AbortSignal;
}

/** Entries that were read, and the token of the page behind them. */
interface Found<T> {
  found: T[];
  next: string;
}

/** A login with the identities that have it, and those that had it once. */
interface LoginNode {
  login: Login;
  now: Set<string>;
  once: Set<string>;
}

/** Logins and identities that share nothing with others. */
interface Cluster {
  logins: LoginNode[];
  ids: string[];
}

interface Net {
  states: Map<string, string>;
  merges: Map<string, string>;
  clusters: Cluster[];
}
