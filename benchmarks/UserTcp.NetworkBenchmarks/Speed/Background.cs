namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>Work that nobody waits for. If it fails, so does the process: figures without it would be wrong.</summary>
internal static class Background
{
    public static void Run(Func<Task> work) => _ = WatchAsync(work);

    private static async Task WatchAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception failure)
        {
            Environment.FailFast($"The {Environment.ProcessPath} cannot go on.", failure);
        }
    }
}
