import Delivery
import JourneyProgram
import Mail
import Model
import Preflight
import Workspaces

/// All that was found.
struct PreflightReport {
    struct Domain {
        var name: String
        var findings: [PreflightFinding]
    }

    let workspace: String
    var domains: [Domain] = []
    var mails: [MailPreflight] = []

    init(workspace: String) { self.workspace = workspace }

    func count(_ severity: PreflightFinding.Severity) -> Int {
        (domains.flatMap(\.findings) + mails.flatMap(\.findings)).count { $0.severity == severity }
    }

    /// `2 errors, 1 warning`.
    var summary: String {
        let (errors, warnings) = (count(.error), count(.warning))
        guard errors + warnings > 0 else { return "nothing to mend" }
        return [errors > 0 ? errors.counted("error") : nil, warnings > 0 ? warnings.counted("warning") : nil]
            .compactMap(\.self).joined(separator: ", ")
    }

    func tell() {
        for domain in domains {
            print(Console.bold(domain.name))
            for finding in domain.findings.inOrder { print(finding.line) }
        }
        for mail in mails {
            print(Console.bold(mail.name))
            for finding in mail.findings.inOrder { print(finding.line) }
            if let line = mail.spam?.line { print(line) }
            if !mail.pictures.isEmpty { print("  · \(mail.pictures.count.counted("picture")): \(mail.pictures[0]) …") }
            if mail.findings.isEmpty { print("  ✓ nothing to mend") }
        }
        print("\n\(mails.count.counted("mail")): \(summary)")
    }

    var json: JSON {
        .object([
            "workspace": .string(workspace), "errors": .int(Int64(count(.error))),
            "warnings": .int(Int64(count(.warning))),
            "domains": .array(
                domains.map { .object(["domain": .string($0.name), "findings": .array($0.findings.map(\.json))]) }),
            "emails": .array(mails.map(\.json)),
        ])
    }
}

extension MailPreflight {
    fileprivate var json: JSON {
        .object([
            "email": .string(email.name), "language": form.language.map { .string($0.description) } ?? .null,
            "variant": form.description.isEmpty ? .null : .string(form.description), "content": form.choice.json,
            "subject": letter.map { .string($0.subject) } ?? .null,
            "bytes": letter.map { .int(Int64($0.data.count)) } ?? .null,
            "signed": letter.map { .bool($0.isSigned) } ?? .null, "findings": .array(findings.map(\.json)),
            "spam": spam?.json ?? .null, "pictures": .array(pictures.map { .string($0) }),
        ])
    }
}

extension SpamRating {
    fileprivate var line: String? {
        switch outcome {
        case .rated(let score, _): score < Self.high ? "  ✓ SpamAssassin gives it \(score); from 5 on it is spam" : nil
        case .skipped(let reason): "  · not rated: \(reason)"
        }
    }

    fileprivate var json: JSON {
        switch outcome {
        case .rated(let score, let rules):
            .object([
                "score": .double(score),
                "rules": .object(Dictionary(rules.map { ($0.name, .double($0.score)) }) { first, _ in first }),
            ])
        case .skipped(let reason): .object(["skipped": .string(reason)])
        }
    }
}

extension [PreflightFinding] {
    /// The worst first.
    fileprivate var inOrder: [PreflightFinding] {
        enumerated().sorted { ($1.element.severity, $0.offset) < ($0.element.severity, $1.offset) }.map(\.element)
    }
}

extension PreflightFinding {
    /// `  ✗ spf: … (help)`.
    var line: String {
        let sign =
            switch severity {
            case .passed: "✓"
            case .note: "·"
            case .warning: "!"
            case .error: "✗"
            }
        return Console.safe("  \(sign) \(check): \(message)")
            + (help.map { Console.dim(Console.safe(" (\($0))")) } ?? "")
    }

    var json: JSON {
        .object([
            "severity": .string(severity.rawValue), "check": .string(check), "message": .string(message),
            "help": help.map { .string($0) } ?? .null,
        ])
    }
}
