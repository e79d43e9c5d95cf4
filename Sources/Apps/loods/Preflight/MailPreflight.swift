import Delivery
import Foundation
import Mail
import Model
import Preflight
import ServiceRuntime
import Transit
import Workspaces

/// One e-mail in one language, and what was found of it.
struct MailPreflight: Sendable {
    let email: EmailDefinition
    let language: LanguageTag?
    /// Nil: it cannot be composed.
    var letter: SampleLetter?
    var findings: [PreflightFinding]
    var spam: SpamRating?
    var pictures: [String] = []

    /// `welcome-code (nl)`.
    var name: String { email.name + (language.map { " (\($0))" } ?? "") }

    /// In each of its languages.
    ///
    /// - Parameter files: the workspace's, in which templates are read; none: they are not.
    static func all(of email: EmailDefinition, _ composing: Composing, _ files: [String: String] = [:])
        -> [MailPreflight]
    {
        let gaps = gaps(of: email, in: files)
        return composing.languages(of: email).map { language in
            let own = gaps.filter { $0.language == language }.map(\.finding)
            do {
                let letter = try composing.letter(email, in: language)
                return MailPreflight(
                    email: email, language: language, letter: letter, findings: findings(of: letter, email) + own)
            } catch {
                let fault = PreflightFinding(.error, "composition", "it cannot be composed: \(error)")
                return MailPreflight(email: email, language: language, letter: nil, findings: [fault] + own)
            }
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

    /// Merge fields that are nothing for some, by the language in which they stand.
    private static func gaps(
        of email: EmailDefinition, in files: [String: String]
    ) -> [(language: LanguageTag?, finding: PreflightFinding)] {
        let folder = "emails/\(email.name)/"
        let found = files.isEmpty ? [] : Workspace.review(files: files, today: MachineClock.host.now)
        return found.filter { $0.code == .noFallback && $0.file.hasPrefix(folder) }.map { finding in
            let parts = finding.file.dropFirst(folder.count).split(separator: ".")
            let tag = parts.count == 4 ? LanguageTag(String(parts[1])) : email.own.language
            return (
                tag,
                PreflightFinding(
                    .warning, "merge", "\(finding.file):\(finding.line):\(finding.column) \(finding.message)",
                    help: finding.help)
            )
        }
    }

    // MARK: Pictures

    /// Four of each that has HTML, as NAME.LANGUAGE.SCREEN.LIGHT.png.
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
                let name = [
                    email.name, language?.description, screen == .phone ? "phone" : "desktop",
                    isDark ? "dark" : "light", "png",
                ]
                let path = "\(folder)/\(name.compactMap(\.self).joined(separator: "."))"
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
}
