import Mail

extension Workspace {
    /// The keys that `sending_domains` names and that are not there, as warnings at their places.
    ///
    /// - Parameter hasKey: whether the key of a selector of a domain is there.
    public static func missingKeys(
        in files: [String: String], where hasKey: (_ domain: String, _ selector: String) -> Bool
    ) -> [Finding] {
        let name = "workspace.yaml"
        guard let file = files[name].flatMap({ try? YAMLFile(name: name, text: $0) }) else { return [] }
        let inspection = Inspection(file)
        for node in file.root["sending_domains"]?.elements ?? [] {
            guard let domain = node["domain"]?.text.flatMap({ try? MailDomain($0) })?.name, let keys = node["dkim"]
            else { continue }
            for key in keys.elements ?? [keys] {
                guard let selector = key.text.flatMap({ try? DKIMSelector($0) })?.name, !hasKey(domain, selector) else {
                    continue
                }
                inspection.report(
                    .missing, "there is no key \"\(selector)\" of \(domain) that can sign", at: key.place,
                    help: "loods dkim \(domain) \(selector) makes it; mailers find it by LOODS_DKIM_KEYS",
                    severity: .warning)
            }
        }
        return inspection.findings
    }
}
