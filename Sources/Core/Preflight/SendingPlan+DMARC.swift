extension SendingPlan {
    func dmarc(in view: inout NameView) -> [PreflightFinding] {
        let found = view.texts("_dmarc.\(from)").filter(DMARCRecord.isOne)
        guard found.count < 2 else {
            return [
                PreflightFinding(
                    .error, "dmarc", "_dmarc.\(from) has \(found.count) policies, so that receivers take none",
                    help: "leave one")
            ]
        }
        guard let (name, record) = policy(in: &view) else {
            return [
                PreflightFinding(
                    .error, "dmarc", "\(from) has no DMARC policy, without which large providers refuse bulk mail",
                    help: "publish TXT \"v=DMARC1; p=none; rua=mailto:…\" at _dmarc.\(from)")
            ]
        }
        var findings = record.faults.map { PreflightFinding(.warning, "dmarc", "at _dmarc.\(name), \($0)") }
        findings += strength(of: record, at: name) + reports(of: record, at: name, in: &view)
        return findings + alignment(record, in: &view)
    }

    /// What holds for the address's domain: its own, or else that of whoever it is part of.
    private func policy(in view: inout NameView) -> (name: String, record: DMARCRecord)? {
        let records = DMARCTree.records(from: from, in: &view)
        if let own = records.first, own.name == from { return own }
        let organization = DMARCTree.organization(of: from, in: &view)
        return records.first { $0.name == organization } ?? records.last
    }

    private func applied(_ record: DMARCRecord, at name: String) -> DMARCRecord.Policy {
        name == from ? record.policy : record.subdomainPolicy ?? record.policy
    }

    private func strength(of record: DMARCRecord, at name: String) -> [PreflightFinding] {
        let policy = applied(record, at: name)
        var findings = [PreflightFinding(.passed, "dmarc", "_dmarc.\(name) asks for \(policy.rawValue)")]
        if policy == .none {
            findings.append(
                PreflightFinding(
                    .note, "dmarc", "with p=none others can still send in the name of \(from)",
                    help: "once the reports show nothing of yours failing, go on to quarantine and reject"))
        } else if record.isTesting {
            findings.append(PreflightFinding(.note, "dmarc", "t=y: the policy is applied a step weaker than it says"))
        }
        return findings
    }

    /// Whoever is to get reports about others has to say so (RFC 9990, section 4).
    private func reports(of record: DMARCRecord, at name: String, in view: inout NameView) -> [PreflightFinding] {
        if record.reportAddresses.isEmpty {
            return [
                PreflightFinding(
                    .note, "dmarc", "_dmarc.\(name) asks for no reports",
                    help: "rua=mailto:… tells you who sends in your name")
            ]
        }
        var findings: [PreflightFinding] = []
        for address in record.reportAddresses {
            let host = (address.split(separator: "@").last.map(String.init) ?? "").lowercased()
            let own = DMARCTree.organization(of: name, in: &view)
            guard DMARCTree.organization(of: host, in: &view) != own else { continue }
            let consent = "\(name)._report._dmarc.\(host)"
            guard !view.texts(consent).contains(where: DMARCRecord.isOne) else { continue }
            findings.append(
                PreflightFinding(
                    .warning, "dmarc", "reports do not go to \(host), which does not say that it wants them",
                    help: "TXT \"v=DMARC1\" at \(consent), or another rua"))
        }
        return findings
    }

    private func alignment(_ record: DMARCRecord, in view: inout NameView) -> [PreflightFinding] {
        let bySPF = DMARCTree.isAligned(returnPath, with: from, strictly: record.isStrictForSPF, in: &view)
        let byDKIM = signer.map {
            DMARCTree.isAligned($0, with: from, strictly: record.isStrictForDKIM, in: &view)
        }
        var findings: [PreflightFinding] = []
        if let signer {
            findings.append(
                byDKIM == true
                    ? PreflightFinding(.passed, "alignment", "signatures of \(signer) vouch for \(from)")
                    : PreflightFinding(
                        .error, "alignment", "signatures of \(signer) do not vouch for \(from)",
                        help: record.isStrictForDKIM ? "adkim=s wants d=\(from)" : "sign with a key of \(from)"))
        }
        findings.append(
            bySPF
                ? PreflightFinding(.passed, "alignment", "the return path at \(returnPath) vouches for \(from)")
                : PreflightFinding(
                    byDKIM == true ? .warning : .error, "alignment",
                    "the return path at \(returnPath) does not vouch for \(from)",
                    help: record.isStrictForSPF ? "aspf=s wants it at \(from)" : "a bounce_host below \(from)"))
        return findings
    }

    // MARK: BIMI

    /// A sign beside the sender's name: nobody needs one, and a wrong one is shown to nobody.
    func bimi(in view: inout NameView) -> [PreflightFinding] {
        let names = [from, DMARCTree.organization(of: from, in: &view)]
        let texts = names.lazy.map { name in "default._bimi.\(name)" }
        var found: String?
        for name in texts where found == nil { found = view.texts(name).first { $0.hasPrefix("v=BIMI1") } }
        guard let found else {
            return [PreflightFinding(.note, "bimi", "\(from) has no BIMI record; no provider asks for one")]
        }
        guard let tags = TagList(found), let logo = tags["l"] else {
            return [
                PreflightFinding(
                    .warning, "bimi", "the BIMI record cannot be read", help: "v=BIMI1; l=https://….svg; a=")
            ]
        }
        if logo.isEmpty { return [PreflightFinding(.note, "bimi", "the BIMI record declines: it names no logo")] }
        var findings: [PreflightFinding] = []
        if !logo.lowercased().hasPrefix("https://") {
            findings.append(
                PreflightFinding(.warning, "bimi", "the BIMI logo is not fetched by https", help: "l=https://…"))
        }
        if tags["a"]?.lowercased().hasPrefix("https://") != true {
            findings.append(
                PreflightFinding(
                    .note, "bimi",
                    "the BIMI record names no certificate, without which Gmail and Apple Mail show no logo",
                    help: "a=https://….pem of a VMC or CMC"))
        }
        if let (name, record) = policy(in: &view), applied(record, at: name) == .none || record.isTesting {
            findings.append(
                PreflightFinding(
                    .warning, "bimi", "no logo is shown while DMARC asks for nothing",
                    help: "p=quarantine or reject, without t=y"))
        }
        return findings.isEmpty ? [PreflightFinding(.passed, "bimi", "the BIMI record names \(logo)")] : findings
    }
}
