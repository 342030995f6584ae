using System.Text.Json;
using UserTcp.Benchmarks.Workloads;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Allocations;

/// <summary>
/// What benchmarks/allocations.json promises. Runs alone: what other tests do must not be charged to this thread.
/// </summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    private const int Repetitions = 20;

    private static Dictionary<string, long> Promised { get; } = ReadPromises();

    public static TheoryData<string> Names => new(Workload.All.Select(workload => workload.Name));

    [Theory]
    [MemberData(nameof(Names))]
    public void An_operation_allocates_what_is_promised(string name)
    {
        Action operation = Workload.All.Single(workload => workload.Name == name).Prepare();
        for (int i = 0; i < Workload.WarmUps; i++)
            operation();

        Allocation.Is(Promised[name] * Repetitions, operation, Repetitions);
    }

    [Fact]
    public void Every_promise_is_of_an_operation_that_exists() =>
        Assert.Equal(Workload.All.Select(workload => workload.Name).Order(), Promised.Keys.Order());

    private static Dictionary<string, long> ReadPromises()
    {
        using Stream stream = typeof(AllocationTests).Assembly.GetManifestResourceStream("allocations.json")!;
        return JsonSerializer.Deserialize<Dictionary<string, long>>(stream)!;
    }
}
