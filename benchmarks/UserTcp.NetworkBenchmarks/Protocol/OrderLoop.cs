using System.Runtime;

namespace UserTcp.NetworkBenchmarks.Protocol;

/// <summary>
/// A process that obeys orders: a line of its input each, answered with a line of its output. It waits without a thread
/// that spins, and ends when its input does.
/// </summary>
internal static class OrderLoop
{
    /// <summary>The first line of the output.</summary>
    public const string Ready = "ready";

    public static async Task<int> RunAsync(Func<Order, Task<Outcome>> obey)
    {
        Console.WriteLine(Ready);
        while (Console.ReadLine() is { Length: > 0 } line)
        {
            var order = Order.Parse(line);
            Outcome outcome;
            try
            {
                outcome = order.Work == Workload.Rest ? new Outcome([]) : await obey(order);
            }
            catch (Exception e)
            {
                outcome = new Outcome([], Error: $"{e.GetType().Name}: {e.Message}"); // the runner tells it
            }

            Console.WriteLine((outcome with { Compiled = JitInfo.GetCompiledMethodCount() }).ToLine());
        }

        return 0;
    }
}
