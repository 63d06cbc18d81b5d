/**
 * Words by which an annotation's key says that it holds or names a credential (docs/security.md lists them). Between the two halves of a
 * compound there may be a dash, a dot or an underscore. Rather too much is caught than too little: an annotation that is missing can be
 * had under another name, one that was sent can't be called back.
 */
const words = [
  'token',
  'passw(?:or)?d',
  'pass[-._]?phrase',
  'secret',
  'credential',
  'authori[sz]ation',
  'bearer',
  'api[-._]?key',
  'access[-._]?key',
  'private[-._]?key',
  'signing[-._]?key',
  'encryption[-._]?key',
  'ssh[-._]?key',
  'deploy[-._]?key',
  'kubeconfig',
  'docker[-._]?c(?:on)?fi?g',
  'htpasswd',
  'netrc',
  'cookie',
  'creds',
  'pwd',
  'jwt',
  'oauth',
  // Not of author, authentic or authority.
  '(?<![a-z])auth(?![a-z])',
]

const pattern = new RegExp(words.join('|'), 'i')

/** Whether an annotation of that key may not leave the cluster. */
export const namesCredential = (key: string): boolean => pattern.test(key)
