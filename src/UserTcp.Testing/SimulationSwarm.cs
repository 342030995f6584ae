using UserTcp.Testing.Swarm;

namespace UserTcp.Testing;

/// <summary>
/// Runs the stack in networks, with options and programs, that a seed draws, and checks invariants throughout. A
/// failure is: a wrong byte, a window that is overrun or taken back, an urgent pointer beside the urgent text, a reset
/// without a reason, a repeated SYN though nothing was lost, a connection that does not end once the network works
/// again or its peer is gone, a host that spins, memory without a connection, or any state that is left at the end.
/// </summary>
public static class SimulationSwarm
{
    /// <summary>Runs a seed. Thread-safe: each run has a network of its own.</summary>
    /// <param name="seed">Any number.</param>
    /// <returns>The failure, reduced to the faults that it needs; null if the run passed.</returns>
    public static SwarmFailure? Check(ulong seed)
    {
        SwarmPlan plan = PlanMaker.Make(seed);
        return Violation(plan) is null ? null : Minimise(plan, Violation);
    }

    internal static string? Violation(SwarmPlan plan)
    {
        using var run = new SwarmRun(plan);
        return Violation(run);
    }

    // Whatever is thrown is a violation: of the observers, of an assertion in the stack, or an exception of its own.
    internal static string? Violation(SwarmRun run)
    {
        try
        {
            run.Run();
            return null;
        }
        catch (SwarmViolationException e)
        {
            return $"At {run.Network.Now}: {e.Message}";
        }
        catch (Exception e)
        {
            return $"At {run.Network.Now}: {e}";
        }
    }

    /// <summary>Leaves out one fault, one connection after the other, as long as something still goes wrong.</summary>
    internal static SwarmFailure Minimise(SwarmPlan plan, Func<SwarmPlan, string?> violation)
    {
        for (int i = plan.Troubles.Count - 1; i >= 0; i--)
        {
            SwarmPlan smaller = plan with { Troubles = Without(plan.Troubles, i) };
            plan = violation(smaller) is null ? plan : smaller;
        }

        for (int i = plan.Flows.Count - 1; i >= 0 && plan.Flows.Count > 1; i--)
        {
            SwarmPlan smaller = plan with { Flows = Without(plan.Flows, i) };
            plan = violation(smaller) is null ? plan : smaller;
        }

        return new SwarmFailure(plan, violation(plan)!);
    }

    private static List<T> Without<T>(IReadOnlyList<T> items, int index) => [.. items.Where((_, i) => i != index)];
}
