import Foundation
public import Logging

/// What tests find in the environment; `deploy/dev test` sets all of it.
public enum TestEnvironment {
    /// Debian's Chromium, by which postcards and pictures of mails are made where it is installed.
    public static let chromium = "/usr/bin/chromium"
    public static let hasChromium = FileManager.default.isExecutableFile(atPath: chromium)

    /// The value of `name`.
    ///
    /// - Throws: `TestSupportError`, which says what the variable is for, where it is not set.
    public static func value(_ name: String, _ meaning: String) throws -> String {
        guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
            throw TestSupportError("\(name) is not set: \(meaning). Run the tests with deploy/dev test")
        }
        return value
    }

    /// A name that no other test uses, in this process or another.
    public static func uniqueName(_ prefix: String) -> String {
        prefix + UUID().uuidString.lowercased().replacing("-", with: "")
    }

    /// A logger that writes nothing.
    public static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

/// What keeps a test from running.
public struct TestSupportError: Error, CustomStringConvertible {
    /// A sentence for whoever runs the tests.
    public let description: String

    init(_ description: String) { self.description = description }
}
