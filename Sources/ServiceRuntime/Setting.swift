/// What a setting is: the line that `--help` prints for it.
public struct Setting: Sendable, Hashable {
    /// The environment variable; `NAME_FILE` names a file that holds the value instead.
    public var name: String
    /// `text`, `number`, `duration`, `URL`, `secret` …
    public var type: String
    /// The value taken where none is given; nil where one must be given or none is taken.
    public var defaultText: String?
    public var isRequired: Bool
    /// Which values are allowed, unit included; empty where the type says all.
    public var range: String
    /// What the setting does.
    public var meaning: String
    /// Whether its value is never shown, since it is a secret or may hold one.
    public var isSecret = false
}

/// One thing that is wrong with the settings.
public struct SettingFault: Error, Sendable, Hashable {
    public var name: String
    public var message: String

    public init(name: String, message: String) {
        self.name = name
        self.message = message
    }
}

extension [SettingFault] {
    /// The report at start: `settings: 2 faults`, then a line for each.
    public var report: String {
        let width = map(\.name.count).max() ?? 0
        let lines = map { fault in
            "  \(fault.name)\(String(repeating: " ", count: width - fault.name.count))   \(fault.message)\n"
        }
        return "settings: \(count) \(count == 1 ? "fault" : "faults")\n" + lines.joined()
    }
}

extension [Setting] {
    /// The settings as a page for people: name, type, range and default, then the meaning.
    public var page: String {
        map { setting in
            var facts = [setting.type]
            if !setting.range.isEmpty { facts.append(setting.range) }
            if let text = setting.defaultText { facts.append("default \(text)") }
            if setting.isRequired { facts.append("required") }
            if setting.isSecret, setting.type != "secret" { facts.append("kept secret") }
            return "  \(setting.name)   \(facts.joined(separator: ", "))\n      \(setting.meaning)\n"
        }.joined()
    }
}
