using System.Diagnostics;
using UserTcp.NetworkBenchmarks.Measuring;
using UserTcp.NetworkBenchmarks.Protocol;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>HttpClient, over kept connections.</summary>
internal static class HttpRequests
{
    public static async Task<Outcome> RunAsync(IWires wires, Order order)
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = (_, cancelled) => wires.OpenStreamAsync(FarCommand.Http, cancelled),
            MaxConnectionsPerServer = order.Size,
            UseProxy = false,
        };
        using var client = new HttpClient(handler) { BaseAddress = new Uri($"http://{Cable.FarAddress}/") };
        await AskAsync(client, order.Size, Settling.Of(order.Seconds));
        long start = Stopwatch.GetTimestamp();
        long count = await AskAsync(client, order.Size, order.Seconds);
        return new Outcome([count / Stopwatch.GetElapsedTime(start).TotalSeconds]);
    }

    private static async Task<long> AskAsync(HttpClient client, int atOnce, double seconds)
    {
        long start = Stopwatch.GetTimestamp();
        long[] counts = await Task.WhenAll(Enumerable.Range(0, atOnce).Select(async _ =>
        {
            long count = 0;
            for (; Stopwatch.GetElapsedTime(start).TotalSeconds < seconds; count++)
            {
                byte[] body = await client.GetByteArrayAsync("page");
                Touch.Every(body);
            }

            return count;
        }));
        return counts.Sum();
    }
}
