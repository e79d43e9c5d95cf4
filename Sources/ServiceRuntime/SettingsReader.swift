/// Reads a process's settings from its environment, keeps every fault it meets, and knows what each setting means.
///
/// Every setting `NAME` may stand in a file instead, named by `NAME_FILE` (one trailing line break is dropped). A call
/// that meets a fault returns a stand-in; after the last call, settings are only used where `faults` is empty.
public struct SettingsReader: Sendable {
    /// Every setting asked for, in the order of asking.
    public private(set) var settings: [Setting] = []
    /// Everything that is wrong, in the order of asking.
    public private(set) var faults: [SettingFault] = []
    /// What had better be mended, though it can be gone on with: secrets that lie open. In the order of asking.
    public private(set) var cautions: [SettingFault] = []

    private let environment: [String: String]
    let contents: @Sendable (String) throws -> String
    private let looseness: @Sendable (String) -> String?

    /// - Parameters:
    ///   - contents: the text of the file at a path; throws where it cannot be read.
    ///   - looseness: why the file at a path keeps no secret; nil where it does.
    public init(
        environment: [String: String], contents: @escaping @Sendable (_ path: String) throws -> String,
        looseness: @escaping @Sendable (_ path: String) -> String? = { _ in nil }
    ) {
        self.environment = environment
        self.contents = contents
        self.looseness = looseness
    }

    /// Reads a process's environment, and files of this machine.
    public init(environment: [String: String]) {
        self.init(
            environment: environment, contents: { try SecretFile($0).contents() },
            looseness: { SecretFile($0).looseness })
    }

    /// Names that begin with `LOODS_` but that no setting here reads, sorted. Test servers' names do not count.
    public var unknownNames: [String] {
        let known = Set(settings.flatMap { [$0.name, $0.name + "_FILE"] })
        return environment.keys.filter { name in
            name.hasPrefix("LOODS_") && !name.hasPrefix("LOODS_TEST_") && !known.contains(name)
        }.sorted()
    }

    /// Notes a fault that only shows when settings are seen together.
    public mutating func fault(_ name: String, _ message: String) {
        faults.append(SettingFault(name: name, message: message))
    }

    /// Notes what had better be mended though it can be gone on with.
    public mutating func caution(_ name: String, _ message: String) {
        cautions.append(SettingFault(name: name, message: message))
    }

    /// Tries what is to be made of a setting, unless it has a fault already; what `problem` answers is its fault.
    public mutating func check(_ name: String, _ problem: () -> String?) {
        if faults.contains(where: { $0.name == name }) { return }
        if let problem = problem() { fault(name, problem) }
    }

    /// A setting of any type that must be given.
    ///
    /// - Parameters:
    ///   - example: a right value, shown where the setting is missing.
    ///   - parse: returns nil for a text that is not of the type; the fault then says `expectation`.
    public mutating func required<Value>(
        _ name: String, type: String, range: String = "", example: String, expectation: String, meaning: String,
        isSecret: Bool = false, parse: (String) -> Value?
    ) -> Value? {
        settings.append(
            Setting(
                name: name, type: type, defaultText: nil, isRequired: true, range: range, meaning: meaning,
                isSecret: isSecret))
        guard let text = text(of: name, isSecret: isSecret) else {
            if !faults.contains(where: { $0.name == name }) { fault(name, "missing; for example \(example)") }
            return nil
        }
        return parsed(text, name, expectation: "\(expectation) (for example \(example))", isSecret: isSecret, parse)
    }

    /// A setting of any type that may be left out; nil then, or where it is wrong.
    ///
    /// - Parameter defaultText: shown as the default; nil where leaving it out means to have none.
    public mutating func optional<Value>(
        _ name: String, type: String, range: String = "", defaultText: String? = nil, expectation: String,
        meaning: String, isSecret: Bool = false, parse: (String) -> Value?
    ) -> Value? {
        settings.append(
            Setting(
                name: name, type: type, defaultText: defaultText, isRequired: false, range: range, meaning: meaning,
                isSecret: isSecret))
        guard let text = text(of: name, isSecret: isSecret) else { return nil }
        let suffix = defaultText.map { " (default \($0))" } ?? ""
        return parsed(text, name, expectation: expectation + suffix, isSecret: isSecret, parse)
    }

    private mutating func parsed<Value>(
        _ text: String, _ name: String, expectation: String, isSecret: Bool, _ parse: (String) -> Value?
    ) -> Value? {
        if let value = parse(text) { return value }
        fault(name, "\(isSecret ? "its value" : "\"\(text)\"") is not \(expectation)")
        return nil
    }

    private mutating func text(of name: String, isSecret: Bool) -> String? {
        let value = environment[name].flatMap { $0.isEmpty ? nil : $0 }
        guard let path = environment[name + "_FILE"], !path.isEmpty else { return value }
        guard value == nil else {
            fault(name, "given twice: here and as \(name)_FILE")
            return nil
        }
        if isSecret, let looseness = looseness(path) { caution(name, looseness) }
        do {
            var text = try contents(path)
            if text.last?.isNewline == true { text.removeLast() }
            if text.isEmpty { fault(name, "the file \(path) that \(name)_FILE names is empty") }
            return text.isEmpty ? nil : text
        } catch {
            fault(name, "the file \(path) that \(name)_FILE names cannot be read")
            return nil
        }
    }
}
