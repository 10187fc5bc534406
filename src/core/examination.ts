/** What one look at a server found: who answers there, or why it can not be used. */
export type Examination =
  | { readonly kind: 'answers'; readonly server: string }
  | { readonly kind: 'away'; readonly reason: string }
  /** It answers, and will not have this client. */
  | { readonly kind: 'refuses'; readonly reason: string };
