using System.IO.Pipelines;
using BenchmarkDotNet.Attributes;
using UserTcp.Benchmarks.Connection;

namespace UserTcp.Benchmarks.Http;

/// <summary>
/// HttpClient over our connections, against a server that does next to nothing: what an application sees.
/// </summary>
public class HttpBenchmarks
{
    private const int Port = 80;
    private const int Many = 64;
    private const int Requests = 64;
    private static readonly Uri s_page = new("http://10.0.0.2/");
    private readonly Task[] _clients = new Task[Many];
    private TwoStacks _stacks = null!;
    private HttpClient _client = null!;

    // The toolchain does not wait for tasks: every method does, once for many operations.
    [GlobalSetup]
    public void Setup() => SetupAsync().GetAwaiter().GetResult();

    [GlobalCleanup]
    public void Cleanup()
    {
        _client.Dispose();
        _stacks.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    /// <summary>One request at a time, over one connection.</summary>
    [Benchmark(OperationsPerInvoke = Requests)]
    public void Get() => GetAsync(Requests).GetAwaiter().GetResult();

    /// <summary>One of many requests by 64 clients, over as many connections.</summary>
    [Benchmark(OperationsPerInvoke = Many * Requests)]
    public void GetByMany() => GetByManyAsync().GetAwaiter().GetResult();

    private async Task SetupAsync()
    {
        _stacks = await TwoStacks.OpenAsync(PipeScheduler.ThreadPool);
        await _stacks.ServeAsync(Port, HttpResponder.ServeAsync);
        _client = new HttpClient(new SocketsHttpHandler
        {
            MaxConnectionsPerServer = Many,
            ConnectCallback = async (_, cancellationToken) =>
                (await _stacks.ConnectAsync(Port, cancellationToken)).AsStream(),
        });
    }

    private Task GetByManyAsync()
    {
        for (int i = 0; i < Many; i++)
        {
            _clients[i] = GetAsync(Requests);
        }

        return Task.WhenAll(_clients);
    }

    private async Task GetAsync(int requests)
    {
        for (int i = 0; i < requests; i++)
        {
            byte[] page = await _client.GetByteArrayAsync(s_page);
            if (page.Length == 0)
                throw new InvalidOperationException("The answer is empty.");
        }
    }
}
