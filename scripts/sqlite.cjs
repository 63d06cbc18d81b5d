// In the bundle's place of node:sqlite, which so is asked for when it is needed, and not when the bundle is linked.
module.exports = require('node:sqlite')
