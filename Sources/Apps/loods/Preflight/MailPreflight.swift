import Delivery
import Foundation
import JourneyProgram
import Mail
import Model
import Preflight
import ServiceRuntime
import Transit
import Workspaces

/// One of the mails that an e-mail can come out as, and what was found of it.
struct MailPreflight: Sendable {
    let email: EmailDefinition
    let form: EmailForm
    /// Nil: it cannot be composed.
    var letter: SampleLetter?
    var findings: [PreflightFinding]
    var spam: SpamRating?
    var pictures: [String] = []

    /// `welcome-code (nl, technical × Think, hero pro)`.
    var name: String {
        let words = [form.language?.description, form.description].compactMap(\.self).filter { !$0.isEmpty }
        return email.name + (words.isEmpty ? "" : " (\(words.joined(separator: ", ")))")
    }

    /// In each of its forms. Of a form with another variant of a block is told what the one without has not.
    ///
    /// - Parameter files: the workspace's, in which templates are read; none: they are not.
    static func all(of email: EmailDefinition, _ composing: Composing, _ files: [String: String] = [:])
        -> [MailPreflight]
    {
        let gaps = gaps(of: email, in: files)
        var plain: Set<PreflightFinding> = []
        return email.forms.map { form in
            var mail = MailPreflight(email, form, composing)
            mail.findings += gaps.filter { $0.form == form }.map(\.finding)
            if form.block == nil {
                plain = Set(mail.findings)
            } else {
                mail.findings.removeAll { plain.contains($0) }
            }
            return mail
        }
    }

    private init(_ email: EmailDefinition, _ form: EmailForm, _ composing: Composing) {
        (self.email, self.form) = (email, form)
        do {
            let letter = try composing.letter(email, in: form.language, content: form.choice)
            (self.letter, findings) = (letter, Self.findings(of: letter, email))
        } catch {
            findings = [PreflightFinding(.error, "composition", "it cannot be composed: \(error)")]
        }
    }

    private static func findings(of letter: SampleLetter, _ email: EmailDefinition) -> [PreflightFinding] {
        let isMarketing = if case .topic = email.ground { true } else { false }
        return MailSample(
            subject: letter.subject, text: letter.text, html: letter.html, isMarketing: isMarketing,
            unsubscribeLink: letter.unsubscribeLink,
            images: email.images.map { MailSample.Image(name: $0.name.text, bytes: $0.size) }, encoded: letter.data
        ).findings
    }

    /// Merge fields that are nothing for some, in the e-mail's own files and in its layouts and partials, by the form in which
    /// they are read.
    private static func gaps(
        of email: EmailDefinition, in files: [String: String]
    ) -> [(form: EmailForm, finding: PreflightFinding)] {
        let folder = "emails/\(email.name)/"
        let found = files.isEmpty ? [] : Workspace.review(files: files, today: MachineClock.host.now)
        let shared = Set(email.sharedFiles(in: files))
        let theirs = found.filter { finding in
            finding.code == .noFallback && (finding.file.hasPrefix(folder) || shared.contains(finding.file))
        }
        return theirs.map { finding in
            let isOwn = finding.file.hasPrefix(folder)
            return (
                email.form(showing: isOwn ? String(finding.file.dropFirst(folder.count)) : finding.file),
                PreflightFinding(
                    .warning, "merge", "\(finding.file):\(finding.line):\(finding.column) \(finding.message)",
                    help: finding.help)
            )
        }
    }

    // MARK: Pictures

    /// Four of each that has HTML, as NAME.LANGUAGE.VARIANT.SCREEN.LIGHT.png.
    static func draw(_ mails: inout [MailPreflight], into folder: String) async throws {
        let program = try Settings.read {
            $0.string("LOODS_CHROMIUM", default: "/usr/bin/chromium", meaning: "Draws mails.")
        }
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw ExitFault(code: .settings, message: "there is no Chromium at \(program); LOODS_CHROMIUM names it")
        }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for index in mails.indices { try await mails[index].draw(MailPictures(program: program), into: folder) }
    }

    private mutating func draw(_ drawing: MailPictures, into folder: String) async throws {
        guard let html = letter?.html else { return }
        for screen in MailPictures.Screen.allCases {
            for isDark in [false, true] {
                let view = [screen == .phone ? "phone" : "desktop", isDark ? "dark" : "light", "png"]
                let path = "\(folder)/\((fileWords + view).joined(separator: "."))"
                do {
                    let png = try await drawing.png(of: html, email.images, on: screen, isDark: isDark)
                    try Data(png).write(to: URL(fileURLWithPath: path))
                } catch is CancellationError {
                    throw CancellationError()
                } catch {
                    throw ExitFault(code: .failures, message: "\(path): \(error)")
                }
                pictures.append(path)
            }
        }
    }

    /// As the files of the e-mail's folder are named.
    private var fileWords: [String] {
        let (cell, block) = (form.choice.cell, form.block)
        return [
            email.name, form.language?.description, cell.persona.map { "persona-\($0)" },
            cell.stage.map { "stage-\($0)" },
            block.flatMap { name in form.choice.blocks[name].map { "\(name)-\($0)" } },
        ].compactMap(\.self)
    }
}
