import JourneyProgram
import Model
import Postgres
import ServiceRuntime
import Store
import Transit
import Workspaces

extension Application {
    /// Refuses what could not be applied without making stored facts or running contacts wrong.
    ///
    /// - Throws: `ExitFault` that names the fault and the way out.
    static func refuseConflicts(of new: Workspace, with old: Workspace) throws {
        for score in new.scores {
            guard let held = old.score(named: score.name), held.halfLife != score.halfLife else { continue }
            throw ExitFault(
                code: .failures,
                message: """
                    score "\(score.name)": half_life cannot change from \(words(held.halfLife)) to \
                    \(words(score.halfLife)), since its points are booked with the old one; give the score another \
                    name. Nothing has been changed
                    """)
        }
    }

    /// Refuses steps that would send another template than a step of that name did in any version of their journey: a message
    /// is known by its run and its step.
    ///
    /// - Parameters:
    ///   - latest: the newest version of each journey.
    ///   - versions: all that were ever published.
    /// - Throws: `ExitFault` that names the step and the version.
    static func refuseReusedSteps(
        of new: Workspace, latest: [String: Definitions.JourneyVersion], among versions: [Definitions.JourneyVersion],
        in workspace: WorkspaceID, _ session: PostgresSession
    ) throws {
        let cache = DefinitionsCache()
        for definition in new.journeys {
            let name = definition.journey.name
            guard let last = latest[name], last.digest != definition.digest.description else { continue }
            for version in versions where version.journey == name {
                // One that this build cannot read sends nothing any more.
                let held = try? cache.workspace(workspace, revision: version.revision, in: session)
                let steps = held?.journey(named: name)?.journey.messageSteps ?? []
                let templates = Dictionary(steps.map { ($0.step, $0.template) }) { first, _ in first }
                for (step, template) in definition.journey.messageSteps {
                    guard let before = templates[step], before != template else { continue }
                    throw ExitFault(
                        code: .failures,
                        message: """
                            \(definition.file): step "\(step)" sent \(before) in version \(version.version) and would send \
                            \(template) now; a step's name keeps its template over all versions, so give the step another \
                            name. Nothing has been changed
                            """)
                }
            }
        }
    }

    private static func words(_ halfLife: Span?) -> String { halfLife.map(\.description) ?? "none" }
}
