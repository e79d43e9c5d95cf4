/// One numbered step of the schema. Once it has landed, its SQL never changes.
struct Migration: Sendable {
    let number: Int32
    let name: String
    let sql: [UInt8]

    /// All steps in order. A new file under `Migrations/` is added here.
    static let all: [Migration] = [
        Migration(number: 1, name: "foundation", sql: PackageResources.m0001_foundation_sql)
    ]
}
