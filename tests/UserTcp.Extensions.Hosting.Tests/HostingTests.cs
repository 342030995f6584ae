using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using UserTcp.Links;

namespace UserTcp.Extensions.Hosting.Tests;

/// <summary>Stacks in a host: when they start and end, and under which names they are found.</summary>
public sealed class HostingTests
{
    private static readonly TimeSpan s_guard = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task The_example_of_the_README_echoes()
    {
        string link = $"virtual:{Guid.NewGuid():N}";
        using var stop = new CancellationTokenSource();
        Task host = HostingExample.RunAsync(
            ["--UserTcp:Lan:LinkName", link, "--UserTcp:Lan:Addresses:0", "10.0.0.2/24"], stop.Token);
        await using UserTcpStack client = await UserTcpStack.OpenAsync(link, "10.0.0.1/24");
        await using (UserTcpConnection connection = await ConnectAsync(client))
        {
            await connection.Output.WriteAsync("hello"u8.ToArray());
            await connection.Output.CompleteAsync();
            using var reader = new StreamReader(connection.AsStream(leaveOpen: true), Encoding.UTF8);
            Assert.Equal("hello", await reader.ReadToEndAsync().WaitAsync(s_guard));
        }

        await stop.CancelAsync();
        await host.WaitAsync(s_guard);
    }

    [Fact]
    public async Task A_stack_runs_before_the_other_services_start_and_ends_after_they_have_stopped()
    {
        var watcher = new Watcher();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<IHostedService>(provider =>
        {
            watcher.Stack = provider.GetRequiredService<UserTcpStack>();
            return watcher;
        });
        builder.Services.AddUserTcpStack("one", options => Configure(options, "10.0.0.2/24"));
        using IHost host = builder.Build();

        await host.StartAsync().WaitAsync(s_guard);
        await host.StopAsync().WaitAsync(s_guard);

        Assert.Equal(UserTcpStackState.Running, watcher.StateAtStart);
        Assert.Equal(UserTcpStackState.Running, watcher.StateAtStop);
        Assert.Equal(UserTcpStackState.Stopped, watcher.Stack!.State);
    }

    [Fact]
    public async Task Stacks_are_found_by_their_names_and_the_first_one_without()
    {
        var services = new ServiceCollection();
        services.AddMetrics();
        services.AddUserTcpStack("one", options => Configure(options, "10.0.0.1/24"));
        services.AddUserTcpStack("two", (provider, options) =>
        {
            Assert.NotNull(provider.GetService<IMeterFactory>());
            Configure(options, "10.0.0.2/24");
        });
        await using ServiceProvider provider = services.BuildServiceProvider();

        UserTcpStack one = provider.GetRequiredKeyedService<UserTcpStack>("one");
        UserTcpStack two = provider.GetRequiredKeyedService<UserTcpStack>("two");

        Assert.NotSame(one, two);
        Assert.Same(one, provider.GetRequiredService<UserTcpStack>());
        Assert.Equal("10.0.0.2/24", two.Addresses[0].ToString());
        await two.StartAsync().AsTask().WaitAsync(s_guard);
        Assert.Equal(UserTcpStackState.Running, two.State);
    }

    [Fact]
    public async Task Diagnostics_are_those_of_every_stack_and_end_with_the_host()
    {
        string folder = Path.Combine(Directory.CreateTempSubdirectory("usertcp").FullName, "d");
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddUserTcpStack("one", options => Configure(options, "10.0.0.1/24"));
        builder.Services.AddUserTcpStack("two", options => Configure(options, "10.0.0.2/24"));
        builder.Services.AddUserTcpDiagnostics(options => options.Folder = folder);
        using (IHost host = builder.Build())
        {
            Assert.False(Directory.Exists(folder));
            await host.StartAsync().WaitAsync(s_guard);
            Assert.Equal(2, Directory.GetFiles(folder, $"{Environment.ProcessId}-*.sock").Length);
            await host.StopAsync().WaitAsync(s_guard);
        }

        Assert.Empty(Directory.GetFiles(folder));
        Directory.Delete(Path.GetDirectoryName(folder)!, recursive: true);
    }

    [Fact]
    public async Task Its_meter_is_the_containers_under_its_name()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddMetrics();
        builder.Services.AddUserTcpStack("lan", options => Configure(options, "10.0.0.2/24"));
        using IHost host = builder.Build();
        Meter meter = host.Services.GetRequiredService<IMeterFactory>().Create("UserTcp");
        var stacks = new List<object?>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, all) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, meter.Scope) && instrument.Name == "usertcp.segment.count")
                    all.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => stacks.Add(tags[0].Value));
        listener.Start();
        await host.StartAsync().WaitAsync(s_guard);
        listener.RecordObservableInstruments();
        await host.StopAsync().WaitAsync(s_guard);

        Assert.Equal(["lan", "lan"], stacks); // one for each direction
    }

    [Fact]
    public async Task Without_a_host_a_stack_ends_with_the_container_even_one_that_is_disposed_of_synchronously()
    {
        var services = new ServiceCollection();
        services.AddUserTcpStack("one", options => Configure(options, "10.0.0.1/24"));
        ServiceProvider provider = services.BuildServiceProvider();
        UserTcpStack stack = provider.GetRequiredService<UserTcpStack>();
        await stack.StartAsync().AsTask().WaitAsync(s_guard);

        provider.Dispose();

        Assert.Equal(UserTcpStackState.Stopped, stack.State);
    }

    [Fact]
    public void A_name_is_taken_once()
    {
        var services = new ServiceCollection();
        services.AddUserTcpStack("one", options => Configure(options, "10.0.0.1/24"));

        Assert.Throws<ArgumentException>(
            () => services.AddUserTcpStack("one", options => Configure(options, "10.0.0.2/24")));
    }

    [Fact]
    public async Task Options_that_contradict_each_other_fail_the_start_of_the_host()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddUserTcpStack("one", options => options.Addresses.Add(UserTcpAddress.Parse("10.0.0.1/24")));
        using IHost host = builder.Build();

        ArgumentException thrown = await Assert.ThrowsAsync<ArgumentException>(() => host.StartAsync());
        Assert.Contains("LinkName", thrown.Message, StringComparison.Ordinal);
    }

    private static void Configure(UserTcpStackOptions options, string address)
    {
        options.Link = VirtualLink.CreatePair().First;
        options.Addresses.Add(UserTcpAddress.Parse(address));
    }

    // The service listens a moment after the host has started its stack.
    private static async Task<UserTcpConnection> ConnectAsync(UserTcpStack client)
    {
        using var guard = new CancellationTokenSource(s_guard);
        while (true)
        {
            try
            {
                return await client.ConnectAsync(System.Net.IPAddress.Parse("10.0.0.2"), 7, guard.Token);
            }
            catch (System.Net.Sockets.SocketException)
            {
                await Task.Yield();
            }
        }
    }

    private sealed class Watcher : IHostedService
    {
        public UserTcpStack? Stack { get; set; }

        public UserTcpStackState StateAtStart { get; private set; }

        public UserTcpStackState StateAtStop { get; private set; }

        public Task StartAsync(CancellationToken cancellationToken)
        {
            StateAtStart = Stack!.State;
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            StateAtStop = Stack!.State;
            return Task.CompletedTask;
        }
    }
}
