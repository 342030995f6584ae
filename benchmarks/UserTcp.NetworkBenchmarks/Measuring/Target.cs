namespace UserTcp.NetworkBenchmarks.Measuring;

/// <summary>The figure that a target is about.</summary>
internal enum Basis
{
    /// <summary>The ratio to the kernel of the same round.</summary>
    Kernel,

    /// <summary>The ratio to the bare sender or receiver of the same round.</summary>
    Ceiling,

    /// <summary>The ratio to the same stack with one shard, in the same round.</summary>
    OneShard,

    /// <summary>The figure itself.</summary>
    Figure,
}

/// <summary>The figure that a row had, that it has to have, and that it should have.</summary>
/// <param name="Today">Before the work that the target is for, as text; null if nobody has measured it.</param>
/// <param name="AtLeast">The worst median that passes.</param>
/// <param name="Aim">The median to look for.</param>
/// <param name="Basis">The figure that is compared.</param>
internal sealed record Target(string? Today, double AtLeast, double Aim, Basis Basis = Basis.Kernel);

/// <summary>The finding about a target.</summary>
internal enum Verdict
{
    /// <summary>There is no target, or its basis was not measured.</summary>
    None,

    /// <summary>The median is worse than it has to be.</summary>
    Missed,

    /// <summary>The median is good enough.</summary>
    Passed,

    /// <summary>The median is as good as it should be.</summary>
    AimReached,
}

/// <summary>Compares medians with targets, and a build with the one before it.</summary>
internal static class Verdicts
{
    /// <summary>The ratio to the build of before that is still noise.</summary>
    public const double LeastOfBefore = 0.97;

    /// <summary>The verdict about a median, in the units of the target's basis.</summary>
    /// <param name="target">The target, or null.</param>
    /// <param name="measured">The measured figures of the target's basis, or null.</param>
    /// <param name="isMoreBetter">Whether a larger figure is the better one; a larger ratio always is.</param>
    public static Verdict Of(Target? target, Spread? measured, bool isMoreBetter)
    {
        if (target is null || measured is not { Median: double median })
            return Verdict.None;

        bool isRising = isMoreBetter || target.Basis != Basis.Figure;
        if (Reaches(median, target.Aim, isRising))
            return Verdict.AimReached;

        return Reaches(median, target.AtLeast, isRising) ? Verdict.Passed : Verdict.Missed;
    }

    /// <summary>
    /// Whether a row is no worse than in the build of before: the interval of its rounds' ratios reaches up to
    /// <see cref="LeastOfBefore"/>. Null if that build was not measured.
    /// </summary>
    public static bool? IsNotWorse(Spread? toBefore) =>
        toBefore is { Max: double best } ? best >= LeastOfBefore : null;

    private static bool Reaches(double figure, double limit, bool isRising) =>
        isRising ? figure >= limit : figure <= limit;
}
