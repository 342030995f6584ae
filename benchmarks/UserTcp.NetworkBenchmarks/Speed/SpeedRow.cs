using UserTcp.NetworkBenchmarks.Measuring;
using UserTcp.NetworkBenchmarks.Protocol;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>How much is measured: each scope includes those before it.</summary>
internal enum Scope
{
    Quick,
    Usual,
    Full,
}

/// <summary>The processors that the two ends run on.</summary>
internal enum Placement
{
    /// <summary>Any of those that the run may use.</summary>
    Free,

    /// <summary>Half of them each.</summary>
    Split,
}

/// <summary>A unit of figures.</summary>
internal sealed record Unit(string Name, bool IsMoreBetter);

/// <summary>A contender in a row.</summary>
/// <param name="Contender">The participant.</param>
/// <param name="Scope">The least scope that has it.</param>
/// <param name="Targets">For the units, in their order.</param>
internal sealed record Entry(Contender Contender, Scope Scope, params Target[] Targets);

/// <summary>A row of the report.</summary>
/// <param name="Name">For people.</param>
/// <param name="Work">The work.</param>
/// <param name="Size">As <see cref="Order.Size"/>.</param>
/// <param name="Units">Of its figures.</param>
/// <param name="Entries">The participants.</param>
internal sealed record SpeedRow(string Name, Workload Work, int Size, Unit[] Units, Entry[] Entries)
{
    /// <summary>The least scope that has it.</summary>
    public Scope Scope { get; init; } = Scope.Usual;

    public Placement Placement { get; init; }

    /// <summary>The threads of the load generator.</summary>
    public int Threads { get; init; } = 1;
}
